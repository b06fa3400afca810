#include "core/remote_config/ed25519.h"

#include <dlfcn.h>

#include <cstddef>

namespace dd::remote_config {
namespace {

constexpr const char* kNames[] = {"libcrypto.so.3", "libcrypto.so.1.1"};
constexpr int kEd25519 = 1087;  // NID_ED25519, the same in all versions

// As <openssl/evp.h> declares them, of OpenSSL 1.1.1 and later.
struct Library {
  void* (*new_public_key)(int type, void* engine, const unsigned char* key, std::size_t size);
  void (*free_key)(void* key);
  void* (*new_context)();
  void (*free_context)(void* context);
  int (*begin)(void* context, void** key_context, const void* digest, void* engine, void* key);
  int (*verify)(void* context, const unsigned char* signature, std::size_t signature_size,
                const unsigned char* message, std::size_t size);
};

template <class F>
bool find(void* file, const char* name, F& function) {
  function = reinterpret_cast<F>(dlsym(file, name));
  return function != nullptr;
}

// Null: not found. Opened once and kept.
const Library* open_library() {
  static const Library* const library = []() -> const Library* {
    for (const char* const name : kNames) {
      void* const file = dlopen(name, RTLD_NOW | RTLD_LOCAL);
      if (file == nullptr) continue;
      static Library found;
      if (find(file, "EVP_PKEY_new_raw_public_key", found.new_public_key) &&
          find(file, "EVP_PKEY_free", found.free_key) &&
          find(file, "EVP_MD_CTX_new", found.new_context) &&
          find(file, "EVP_MD_CTX_free", found.free_context) &&
          find(file, "EVP_DigestVerifyInit", found.begin) &&
          find(file, "EVP_DigestVerify", found.verify))
        return &found;
    }
    return nullptr;
  }();
  return library;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Status find_crypto() {
  if (open_library() != nullptr) return {};
  return Status::error("signatures cannot be checked without OpenSSL's libcrypto");
}

bool verify_ed25519(std::string_view key, std::string_view message, std::string_view signature) {
  const Library* const library = open_library();
  if (library == nullptr || key.size() != 32 || signature.size() != 64) return false;
  void* const public_key = library->new_public_key(kEd25519, nullptr, bytes(key), key.size());
  if (public_key == nullptr) return false;
  void* const context = library->new_context();
  const bool right = context != nullptr &&
                     library->begin(context, nullptr, nullptr, nullptr, public_key) == 1 &&
                     library->verify(context, bytes(signature), signature.size(), bytes(message),
                                     message.size()) == 1;
  if (context != nullptr) library->free_context(context);
  library->free_key(public_key);
  return right;
}

}  // namespace dd::remote_config
