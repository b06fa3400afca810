"""openai: every kind of call of the synchronous client, whole, raw and in a stream."""

import io

import openai
from model_provider import providing

M = [{"role":"user","content":"Hi"}]
def t(label, f):
    try: r=f(); print(label, "done"); return r
    except Exception as e: print(label, "!", type(e).__name__)
with providing() as url:
    c=openai.OpenAI(api_key="sk-secretkey1234", base_url=url, max_retries=0)
    t("chat", lambda: c.chat.completions.create(model="gpt-4o", messages=M, temperature=0.5))
    t("tools", lambda: c.chat.completions.create(model="gpt-4o", messages=M, tools=[{"type":"function","function":{"name":"weather","parameters":{}}}]))
    t("bad", lambda: c.chat.completions.create(model="bad", messages=M))
    t("raw", lambda: c.chat.completions.with_raw_response.create(model="gpt-4o", messages=M))
    t("completion", lambda: c.completions.create(model="x", prompt="Hi"))
    t("embedding", lambda: c.embeddings.create(model="e", input="a"))
    t("moderation", lambda: c.moderations.create(input="a"))
    t("image", lambda: c.images.generate(prompt="a", n=1))
    t("image edit", lambda: c.images.edit(prompt="a", image=io.BytesIO(b"x")))
    t("image variation", lambda: c.images.create_variation(image=io.BytesIO(b"x")))
    t("transcription", lambda: c.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"x")))
    t("translation", lambda: c.audio.translations.create(model="whisper-1", file=("a.wav", b"x")))
    t("models", lambda: c.models.list())
    t("model", lambda: c.models.retrieve("gpt-4"))
    t("model delete", lambda: c.models.delete("gpt-4"))
    t("files", lambda: c.files.list())
    t("file", lambda: c.files.retrieve("file-1"))
    t("file create", lambda: c.files.create(file=("f.jsonl",b"{}"), purpose="fine-tune"))
    t("file delete", lambda: c.files.delete("file-1"))
    t("file content", lambda: c.files.retrieve_content("file-1"))
    if hasattr(c,"responses"):
        usage = {"stream": True, "stream_options": {"include_usage": True}}
        with c.chat.completions.create(model="gpt-4o", messages=M, **usage) as s:
            print([x.model for x in s])
        s = c.chat.completions.create(model="gpt-4o", messages=M, **usage)
        print(len(list(s)))
        t("response", lambda: c.responses.create(model="gpt-4o", input="Hi"))
        s=t("response stream", lambda: c.responses.create(model="gpt-4o", input="Hi", stream=True)); list(s)
    if hasattr(c.chat.completions,"parse"):
        t("parse", lambda: c.chat.completions.parse(model="gpt-4o", messages=M))
