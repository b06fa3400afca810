"""A provider of language models in a thread: answers in the public formats of OpenAI, Anthropic and Google, each written by hand."""
import contextlib, json, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
USAGE={"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}
LIMITS={"x-ratelimit-limit-requests":"100","x-ratelimit-remaining-requests":"99","x-ratelimit-limit-tokens":"1000","x-ratelimit-remaining-tokens":"990","openai-organization":"org-1","openai-version":"2020-10-01"}
def chat(content="Hello", **more):
    m={"role":"assistant","content":content,**more}
    return {"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"gpt-4o-2024","choices":[{"index":0,"message":m,"finish_reason":"stop","logprobs":None}],"usage":USAGE}
def chunks():
    for t in ("Hel","lo"):
        yield {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-2024","choices":[{"index":0,"delta":{"role":"assistant","content":t},"finish_reason":None}]}
    yield {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-2024","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
MESSAGE_USAGE={"input_tokens":11,"output_tokens":4,"cache_creation_input_tokens":3,"cache_read_input_tokens":2}
def message(content, **more):
    return {"id":"msg_1","type":"message","role":"assistant","model":"claude-3-opus-20240229","content":content,"stop_reason":"end_turn","stop_sequence":None,"usage":MESSAGE_USAGE,**more}
def message_events():
    yield {"type":"message_start","message":message([], stop_reason=None, usage={**MESSAGE_USAGE,"output_tokens":1})}
    yield {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
    for t in ("Hel","lo"): yield {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":t}}
    yield {"type":"content_block_stop","index":0}
    yield {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":None},"usage":{"output_tokens":4}}
    yield {"type":"message_stop"}
def generated(text, **usage):
    return {"candidates":[{"content":{"parts":[{"text":text}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":usage,"modelVersion":"gemini-next-001"}
def generated_pieces():
    yield generated("Hel",promptTokenCount=6,totalTokenCount=6)
    yield generated("lo",promptTokenCount=6,candidatesTokenCount=3,totalTokenCount=11,thoughtsTokenCount=2,cachedContentTokenCount=4)
class Handler(BaseHTTPRequestHandler):
    protocol_version="HTTP/1.1"
    disable_nagle_algorithm=True
    def do_POST(self):
        raw=self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try: body=json.loads(raw)
        except ValueError: body={}
        path=self.path.partition("?")[0]
        if body.get("model")=="bad": return self.send(404,{"error":{"message":"no such model","type":"invalid_request_error","code":"model_not_found"}})
        if "/models/bad:" in path: return self.send(404,{"error":{"code":404,"message":"no such model","status":"NOT_FOUND"}})
        if path.endswith(":generateContent"):
            return self.send(200,list(generated_pieces())[-1])
        if path.endswith(":streamGenerateContent"):
            return self.send(200,"".join(f"data: {json.dumps(e)}\n\n" for e in generated_pieces()).encode(),"text/event-stream")
        if path.endswith((":batchEmbedContents",":embedContent")):
            return self.send(200,{"embeddings":[{"values":[0.5,0.25]}]})
        if path.endswith("/v1/messages"): return self.messages(body)
        if path.endswith("/chat/completions"):
            if body.get("stream"):
                ev=list(chunks())
                if (body.get("stream_options") or {}).get("include_usage"):
                    ev.append({"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-2024","choices":[],"usage":USAGE})
                return self.stream(ev)
            if body.get("tools"):
                return self.send(200, chat(None, tool_calls=[{"id":"call_1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Paris\"}"}}]))
            return self.send(200, chat('{"a": 1}'))
        if path.endswith("/completions"):
            a={"id":"cmpl-1","object":"text_completion","created":1,"model":"gpt-3.5-turbo-instruct","choices":[{"index":0,"text":"Hi","finish_reason":"stop","logprobs":None}],"usage":USAGE}
            if body.get("stream"): return self.stream([{k:v for k,v in a.items() if k!="usage"}])
            return self.send(200,a)
        if path.endswith("/embeddings"):
            return self.send(200,{"id":"e-1","object":"list","model":"text-embedding-3-small","data":[{"object":"embedding","index":0,"embedding":[0.5,0.25]}],"usage":{"prompt_tokens":3,"total_tokens":3}})
        if path.endswith("/moderations"):
            return self.send(200,{"id":"modr-1","model":"omni","results":[{"flagged":False,"categories":{"hate":False},"category_scores":{"hate":0.1},"category_applied_input_types":{}}]})
        if "/images/" in path:
            return self.send(200,{"created":1,"data":[{"url":"http://x/y.png"}]})
        if "/audio/" in path:
            return self.send(200,{"text":"spoken"})
        if path.endswith("/files"):
            return self.send(200,{"id":"file-1","object":"file","bytes":120,"created_at":1,"filename":"f.jsonl","purpose":"fine-tune","status":"processed"})
        if path.endswith("/responses"):
            r={"id":"resp_1","object":"response","created_at":1,"model":"gpt-4o-2024","status":"completed","output":[{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi","annotations":[]}]}],"parallel_tool_calls":True,"tool_choice":"auto","tools":[],"usage":{"input_tokens":4,"output_tokens":6,"total_tokens":10,"input_tokens_details":{"cached_tokens":2},"output_tokens_details":{"reasoning_tokens":1}}}
            if body.get("stream"): return self.stream([{"type":"response.created","sequence_number":0,"response":{**r,"status":"in_progress","output":[],"usage":None}},{"type":"response.output_text.delta","sequence_number":1,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hi","logprobs":[]},{"type":"response.completed","sequence_number":2,"response":r}])
            return self.send(200,r)
        self.send(404,{"error":{"message":"nothing here"}})
    def messages(self, body):
        if body.get("stream"):
            data="".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in message_events()).encode()
            return self.send(200, data, "text/event-stream")
        if body.get("tools"): return self.send(200, message([{"type":"tool_use","id":"toolu_1","name":"weather","input":{"city":"Paris"}}], stop_reason="tool_use"))
        self.send(200, message([{"type":"text","text":"Hello"}]))
    def do_GET(self):
        path=self.path.partition("?")[0]
        model={"id":"gpt-4","object":"model","created":1,"owned_by":"openai"}
        f={"id":"file-1","object":"file","bytes":120,"created_at":1,"filename":"f.jsonl","purpose":"fine-tune","status":"processed"}
        if path.endswith("/models"): return self.send(200,{"object":"list","data":[model,model]})
        if "/models/" in path: return self.send(200,model)
        if path.endswith("/files"): return self.send(200,{"object":"list","data":[f],"has_more":False})
        if path.endswith("/content"): return self.send(200,"content of the file")
        return self.send(200,f)
    def do_DELETE(self):
        self.send(200,{"id":self.path.rpartition("/")[2],"object":"x","deleted":True})
    def send(self,status,what,kind="application/json"):
        data=what if isinstance(what,bytes) else json.dumps(what).encode()
        self.send_response(status); self.send_header("Content-Type",kind)
        for k,v in LIMITS.items(): self.send_header(k,v)
        self.send_header("Content-Length",str(len(data))); self.end_headers(); self.wfile.write(data)
    def stream(self,events):
        self.send_response(200); self.send_header("Content-Type","text/event-stream")
        for k,v in LIMITS.items(): self.send_header(k,v)
        self.send_header("Transfer-Encoding","chunked"); self.end_headers()
        for e in [*map(json.dumps,events),"[DONE]"]:
            data=f"data: {e}\n\n".encode(); self.wfile.write(b"%x\r\n%s\r\n"%(len(data),data))
        self.wfile.write(b"0\r\n\r\n")
    def log_message(self,*a): pass
class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Clients may go as they like."""


@contextlib.contextmanager
def providing():
    server=Server(("127.0.0.1",0),Handler)
    threading.Thread(target=server.serve_forever,daemon=True).start()
    try: yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally: server.shutdown(); server.server_close()


def tellers(failure, told):
    """Functions that tell what a call, or an awaitable, gives, or of a `failure` what told() makes of it."""

    def tell(label, call):
        try:
            answer = call()
            print(label, type(answer).__name__)
            return answer
        except failure as error:
            print(label, "!", told(error))

    async def tell_later(label, awaitable):
        try:
            answer = await awaitable
            print(label, type(answer).__name__)
            return answer
        except failure as error:
            print(label, "!", told(error))

    return tell, tell_later
