"""botocore: models of Amazon Bedrock, whole and in streams, from a server of this program."""

import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zlib import crc32

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

USED = {"x-amzn-bedrock-input-token-count": "5", "x-amzn-bedrock-output-token-count": "7"}
SAID = {"output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}}, "stopReason": "end_turn"}
ANSWERS = {
    "anthropic": {"content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn", "usage": {"input_tokens": 5, "output_tokens": 7}},
    "amazon": {"inputTextTokenCount": 5, "results": [{"tokenCount": 7, "outputText": "Hello", "completionReason": "FINISH"}]},
    "meta": {"generation": "Hello", "prompt_token_count": 5, "generation_token_count": 7, "stop_reason": "stop"},
    "cohere": {"generations": [{"text": "Hello", "finish_reason": "COMPLETE"}]},
}


def event(kind, body):
    data = json.dumps(body).encode()
    headers = b""
    for name, value in ((":event-type", kind), (":content-type", "application/json"), (":message-type", "event")):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
    start = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    start += struct.pack("!I", crc32(start)) + headers + data
    return start + struct.pack("!I", crc32(start))


class Models(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        _, _, model, what = self.path.replace("%3A", ":").split("/")
        kind, status = "application/json", 200
        if "unknown" in model:
            status, body = 404, json.dumps({"message": "no such model"}).encode()
        elif what == "invoke":
            body = json.dumps(ANSWERS[model.split(".")[0]]).encode()
        elif what == "converse":
            body = json.dumps({**SAID, "usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12}, "metrics": {"latencyMs": 1}}).encode()
        elif what == "converse-stream":
            kind = "application/vnd.amazon.eventstream"
            body = event("messageStart", {"role": "assistant"})
            body += event("contentBlockDelta", {"delta": {"text": "Hel"}, "contentBlockIndex": 0})
            body += event("contentBlockDelta", {"delta": {"text": "lo"}, "contentBlockIndex": 0})
            body += event("messageStop", {"stopReason": "end_turn"})
            body += event("metadata", {"usage": {"inputTokens": 5, "outputTokens": 7, "totalTokens": 12}, "metrics": {"latencyMs": 1}})
        else:
            kind = "application/vnd.amazon.eventstream"
            parts = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}} for text in ("Hel", "lo")]
            parts.append({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 5, "outputTokenCount": 7}})
            body = b"".join(event("chunk", {"bytes": __import__("base64").b64encode(json.dumps(part).encode()).decode()}) for part in parts)
        self.send_response(status)
        for name, value in {**USED, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Models)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = boto3.client(
    "bedrock-runtime", endpoint_url=f"http://127.0.0.1:{server.server_address[1]}", region_name="us-west-2",
    aws_access_key_id="id", aws_secret_access_key="secret", config=Config(retries={"max_attempts": 0}),
)  # fmt: skip
CLAUDE = "anthropic.claude-3-sonnet-20240229-v1:0"
ASKED = {
    CLAUDE: {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "temperature": 0.5, "messages": [{"role": "user", "content": "Hi"}]},
    "amazon.titan-tg1-large": {"inputText": "Hi", "textGenerationConfig": {"maxTokenCount": 9, "topP": 0.9}},
    "meta.llama3-8b-instruct-v1:0": {"prompt": "Hi", "max_gen_len": 9},
    "cohere.command-text-v14": {"prompt": "Hi", "max_tokens": 9},
}
TALK = [{"role": "user", "content": [{"text": "Hi"}]}]

if __name__ == "__main__":
    for model, body in ASKED.items():
        answer = client.invoke_model(modelId=model, body=json.dumps(body))
        print(model, len(json.loads(answer["body"].read())))
    stream = client.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(ASKED[CLAUDE]))
    for part in stream["body"]:
        print(json.loads(part["chunk"]["bytes"])["type"])
    answer = client.converse(modelId=CLAUDE, messages=TALK, inferenceConfig={"maxTokens": 9, "temperature": 0.5})
    print(answer["output"]["message"]["content"])
    for part in client.converse_stream(modelId=CLAUDE, messages=TALK)["stream"]:
        print(*part)
    dropped = client.converse_stream(modelId=CLAUDE, messages=TALK)
    dropped["stream"].close()
    del dropped
    for call in (
        lambda: client.invoke_model(modelId="amazon.unknown", body="{}"),
        lambda: client.converse(modelId="amazon.unknown", messages=TALK),
    ):
        try:
            call()
        except ClientError as error:
            print(error.response["Error"]["Code"])
    server.shutdown()
