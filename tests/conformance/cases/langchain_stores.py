"""langchain: embeddings and stores of vectors, with classes made here."""

import asyncio
import warnings

warnings.simplefilter("ignore")
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from model_provider import tellers

tell, tell_later = tellers(ValueError, str)


class Counts(Embeddings):
    model = "count-next"

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text):
        if text == "bad":
            raise ValueError("no such text")
        return [float(len(text)), 1.0]


class More(Counts):
    def embed_query(self, text):
        return super().embed_query(text) + [2.0]


class Shelf(VectorStore):
    def __init__(self, embedding):
        self.embedding = embedding

    def add_texts(self, texts, metadatas=None, **options):
        return []

    @classmethod
    def from_texts(cls, texts, embedding, metadatas=None, **options):
        return cls(embedding)

    def similarity_search(self, query, k=4, **options):
        self.embedding.embed_query(query)
        return [Document(page_content=query)] * k


def calls():
    counts = Counts()
    tell("query", lambda: counts.embed_query("four"))
    tell("documents", lambda: counts.embed_documents(["a", "bc"]))
    tell("bad", lambda: counts.embed_query("bad"))
    tell("inherited", lambda: More().embed_query(text="x"))
    shelf = Shelf.from_texts([], counts)
    tell("search", lambda: shelf.similarity_search("word", k=2))
    tell("search bad", lambda: shelf.similarity_search("bad"))
    tell("retriever", lambda: shelf.as_retriever().invoke("word"))
    print(Counts.embed_query.__name__, Counts.__dict__["embed_query"].__module__)


async def async_calls():
    await tell_later("later", Counts().aembed_query("four"))
    await tell_later("later search", Shelf(Counts()).asimilarity_search("word"))


if __name__ == "__main__":
    calls()
    asyncio.run(async_calls())
