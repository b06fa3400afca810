// What openai's API can be asked for: one row an operation, with what is told of question and
// answer.

#pragma once

namespace dd::contrib::openai {

// Of the question.
enum class Asks : unsigned char {
  kNothing,
  kModelName,
  kImageModel,
  kPathModel,
  kPathFile,
  kUpload
};
// Of the answer.
enum class Says : unsigned char { kNothing, kAnswer, kCount, kBytes, kFields };

struct Operation {
  const char* resource;
  const char* endpoint;
  const char* method;
  Asks asks = Asks::kNothing;
  Says says = Says::kNothing;
  const char* kind = "";
  const char* const* fields = nullptr;  // of the answer, as openai.response.<field>
};

constexpr const char* kIdModel[] = {"id", "model", nullptr};
constexpr const char* kCreated[] = {"created", nullptr};
constexpr const char* kOwner[] = {"created", "id", "owned_by", nullptr};
constexpr const char* kGone[] = {"deleted", "id", nullptr};
constexpr const char* kStored[] = {"bytes",   "created_at", "filename",       "id",
                                   "purpose", "status",     "status_details", nullptr};

constexpr Operation
    kCompletion = {"createCompletion", "/v1/completions", "POST",
                   Asks::kModelName,   Says::kAnswer,     "llm"},
    kChat = {"createChatCompletion", "/v1/chat/completions", "POST",
             Asks::kModelName,       Says::kAnswer,          "llm"},
    kParseChat = {"parseChatCompletion", "/v1/chat/completions", "POST",
                  Asks::kModelName,      Says::kAnswer,          "llm"},
    kRespond = {"createResponse", "/v1/responses", "POST", Asks::kModelName, Says::kAnswer, "llm"},
    kParseResponse = {"parseResponse",  "/v1/responses", "POST",
                      Asks::kModelName, Says::kAnswer,   "llm"},
    kEmbed = {"createEmbedding", "/v1/embeddings", "POST",
              Asks::kModelName,  Says::kAnswer,    "embedding"},
    kModerate = {.resource = "createModeration",
                 .endpoint = "/v1/moderations",
                 .method = "POST",
                 .fields = kIdModel},
    kImage = {"createImage", "/v1/images/generations", "POST", Asks::kImageModel, Says::kFields, "",
              kCreated},
    kImageEdit = {"createImageEdit", "/v1/images/edits", "POST",
                  Asks::kImageModel, Says::kFields,      "",
                  kCreated},
    kImageVary = {"createImageVariation",
                  "/v1/images/variations",
                  "POST",
                  Asks::kImageModel,
                  Says::kFields,
                  "",
                  kCreated},
    kTranscribe = {"createTranscription", "/v1/audio/transcriptions", "POST"},
    kTranslate = {"createTranslation", "/v1/audio/translations", "POST"},
    kModels = {"listModels", "/v1/models", "GET", Asks::kNothing, Says::kCount},
    kModelGet = {"retrieveModel", "/v1/models/*", "GET", Asks::kPathModel, Says::kFields, "",
                 kOwner},
    kModelDelete = {"deleteModel", "/v1/models/*", "DELETE", Asks::kPathModel, Says::kFields, "",
                    kGone},
    kFiles = {"listFiles", "/v1/files", "GET", Asks::kNothing, Says::kCount},
    kFileCreate = {"createFile", "/v1/files", "POST", Asks::kUpload, Says::kFields, "", kStored},
    kFileGet = {"retrieveFile", "/v1/files/*", "GET", Asks::kPathFile, Says::kFields, "", kStored},
    kFileDelete = {"deleteFile", "/v1/files/*", "DELETE", Asks::kPathFile, Says::kFields,
                   "",           kGone},
    kFileContent = {"downloadFile", "/v1/files/*/content", "GET", Asks::kPathFile, Says::kBytes};

}  // namespace dd::contrib::openai
