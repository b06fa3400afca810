"""Shows what evaluators find, which messages are taken, and which are not, a line a case.

Run by compare.py with both interpreters.
"""

import dataclasses
import re

import ddtrace.llmobs.evaluators as e
import ddtrace.llmobs.types as types
import ddtrace.llmobs.utils as u
from ddtrace.llmobs import BaseEvaluator, LLMObsSpan
from ddtrace.llmobs import BooleanStructuredOutput as B
from ddtrace.llmobs import CategoricalStructuredOutput as C
from ddtrace.llmobs import EvaluatorContext as X
from ddtrace.llmobs import EvaluatorResult as R
from ddtrace.llmobs import MultiEvaluatorResult as M
from ddtrace.llmobs import ScoreStructuredOutput as S
from ddtrace.llmobs import SummaryEvaluatorContext as SX


def t(name, call):
    try:
        found = call()
        found = vars(found) if type(found) is R else found
        answer = repr(found)
    except BaseException as error:
        answer = f"{type(error).__name__}: {error}"
    answer = re.sub(r"<ddtrace[^>]* object at 0x[0-9a-f]+>", "object", answer)
    print(f"{name} | {answer}".replace("\n", " "))


for name in sorted(dir(types)):
    kind = getattr(types, name)
    if hasattr(kind, "__required_keys__") and not name.startswith("_"):
        t(f"keys {name}", lambda: (sorted(kind.__required_keys__), sorted(kind.__optional_keys__)))
for kind in (B, S, C, X, SX, LLMObsSpan):
    t(f"fields {kind.__name__}", lambda: ([f.name for f in dataclasses.fields(kind)],
                                          kind.__dataclass_params__))
t("B",lambda: (B("d"),B("d").label,B("d",pass_when=True).to_json_schema(), B("d",reasoning=True,reasoning_description="why").to_json_schema()))
t("B2",lambda: B("d",reasoning=True).to_json_schema())
t("S",lambda: (S("d",0,1),S("d",0,1).label,S("d",0,1,min_threshold=.5).to_json_schema(), S("d",1,10,reasoning=True).to_json_schema()))
t("C",lambda: (C({"a":"x","b":"y"}),C({"a":"x"}).label,C({"a":"x","b":"y"},pass_values=["a"]).to_json_schema(), C({"a":"x"},reasoning=True).to_json_schema()))
t("S bad",lambda: S("d",1,0)); t("C empty",lambda: C({})); t("C pv",lambda: C({"a":"b"},pass_values=["z"])); t("S thr",lambda: S("d",0,1,min_threshold=5))
t("R",lambda: (R(1), vars(R(1,"r","pass",{"a":1},{"b":2})))); t("R bad",lambda: R(1,assessment="zz"))
t("M",lambda: vars(M({"a":1}))); t("X",lambda: vars(X({"q":1},"out")))
t("base",lambda: BaseEvaluator())
class Ev(BaseEvaluator):
    def evaluate(self, context): return 1
t("sub",lambda: (Ev().name, Ev("n").name, vars(Ev()))); t("bad name",lambda: Ev("bad name!")); t("nm",lambda: Ev(5)); t("nm2",lambda: Ev(""))
ctx=lambda out,exp=None: X({"q":"i"},out,exp)
def ev(n,mk,*cs):
    for c in cs: t(f"{n} {c.output_data!r} {c.expected_output!r}", lambda: mk().evaluate(c))
ev("eq",lambda: e.StringCheckEvaluator(),ctx("a","a"),ctx("a","b"),ctx(None,"a"),ctx("A","a"),ctx(5,"5"),ctx("a",None),ctx({"x":1},"a"))
ev("eq ci strip",lambda: e.StringCheckEvaluator(case_sensitive=False,strip_whitespace=True),ctx(" A ","a"))
ev("ne",lambda: e.StringCheckEvaluator("ne"),ctx("a","a"),ctx("a","b"))
ev("contains",lambda: e.StringCheckEvaluator("contains"),ctx("xay","a"),ctx("x","a"))
ev("icontains",lambda: e.StringCheckEvaluator("icontains"),ctx("xAy","a"))
t("bad op",lambda: e.StringCheckEvaluator("zz")); t("name",lambda: (e.StringCheckEvaluator().name,e.RegexMatchEvaluator("a").name,e.LengthEvaluator(1).name,e.JSONEvaluator().name))
ev("extr",lambda: e.StringCheckEvaluator(output_extractor=lambda o:o["v"],expected_output_extractor=lambda o:o["w"]),ctx({"v":"a"},{"w":"a"}))
ev("re",lambda: e.RegexMatchEvaluator("a+"),ctx("xaa"),ctx("x"),ctx(None),ctx(5))
ev("re match",lambda: e.RegexMatchEvaluator("a+","match"),ctx("xaa"),ctx("aax")); ev("re full",lambda: e.RegexMatchEvaluator("a+","fullmatch"),ctx("aa"),ctx("aax"))
t("re bad",lambda: e.RegexMatchEvaluator("(")); t("re mode",lambda: e.RegexMatchEvaluator("a","zz")); t("re none", lambda: e.RegexMatchEvaluator(""))
ev("len",lambda: e.LengthEvaluator(2,4),ctx("abc"),ctx("a"),ctx("abcde"),ctx(None),ctx(12345))
ev("len w",lambda: e.LengthEvaluator(2,None,"words"),ctx("a b c"),ctx("a")); ev("len l",lambda: e.LengthEvaluator(None,2,"lines"),ctx("a\nb"),ctx("a\nb\nc\n"))
t("len bad",lambda: e.LengthEvaluator()); t("len bad2",lambda: e.LengthEvaluator(5,2)); t("len bad3",lambda: e.LengthEvaluator(-1)); t("len ct",lambda: e.LengthEvaluator(1,2,"zz")); t("len max",lambda: e.LengthEvaluator(None,-2))
ev("json",lambda: e.JSONEvaluator(),ctx('{"a":1}'),ctx("x"),ctx({"a":1}),ctx([1]),ctx(None),ctx('[1]'),ctx(5))
ev("json req",lambda: e.JSONEvaluator(["a","b"]),ctx('{"a":1}'),ctx({"a":1,"b":2}),ctx('[1]'))
ev("sem",lambda: e.SemanticSimilarityEvaluator(lambda s:[1.0,float(len(s))]),ctx("a","a"),ctx("aaaa",""),ctx(None,"a"),ctx("a",None))
t("sem bad",lambda: e.SemanticSimilarityEvaluator(5)); t("sem thr",lambda: e.SemanticSimilarityEvaluator(lambda s:[1],2))
ev("sem0",lambda: e.SemanticSimilarityEvaluator(lambda s:[0.0,0.0]),ctx("a","b"))
ev("semd",lambda: e.SemanticSimilarityEvaluator(lambda s:[1.0]*len(s)),ctx("a","bb"))
t("msgs",lambda: (u.Messages("x").messages, u.Messages({"content":"c","role":"r"}).messages, u.Messages([{"content":"c"},{"role":"z","content":"q","tool_calls":[{"name":"n","arguments":{"a":1},"tool_id":"t","type":"f"}]}]).messages))
t("m bad",lambda: u.Messages([5])); t("m bad2",lambda: u.Messages([{"content":5}])); t("m bad3",lambda: u.Messages([{"content":"a","role":5}])); t("m4",lambda: u.Messages([{}]).messages); t("m5",lambda: u.Messages(5)); t("m6",lambda: u.Messages([{"content":"a","tool_calls":5}])); t("m7",lambda: u.Messages([{"content":"a","tool_results":[{"name":"n","result":"r","tool_id":"i","type":"t"}]}]).messages)
t("docs",lambda: (u.Documents("x").documents,u.Documents({"text":"t","name":"n","id":"i","score":1}).documents,u.Documents([{"text":"t"}]).documents))
t("d bad",lambda: u.Documents([5])); t("d bad2",lambda: u.Documents([{"name":"n"}])); t("d bad3",lambda: u.Documents([{"text":5}])); t("d4",lambda: u.Documents([{"text":"t","score":"x"}])); t("d5",lambda: u.Documents([{"text":"t","name":5}])); t("d6", lambda: u.Documents([{"text":"t","id":5}]))
t("etd",lambda: u.extract_tool_definitions([{"name":"n","description":"d","schema":{"a":1}},{"name":5},{"x":1},5]))

for operation in e.StringCheckEvaluator.VALID_OPERATIONS:
    ev(f"none {operation}", lambda: e.StringCheckEvaluator(operation), ctx(None, None), ctx(None, "a"),
       ctx("a", None), ctx("", ""), ctx([1], "1"))
    ev(f"folded {operation}", lambda: e.StringCheckEvaluator(operation, case_sensitive=False),
       ctx("Ab", "aB"), ctx("xab", "B"))
for count in ("characters", "words", "lines"):
    for text in ("", " ", "a", "a b", "a\n", "a\nb", "a\n\nb\n", None, 5, ["a"]):
        for size in range(4):
            ev(f"length {count} {size} {text!r}",
               lambda: e.LengthEvaluator(size, size, count), ctx(text))
t("prompt error", lambda: [str(k(5, "d")) for k in (types.PromptAPIError, types.PromptAuthError,
                                                   types.PromptServerError)])
