"""Shows the tags that calls about users leave on spans, a line a case.

Run by compare.py with both interpreters.
"""

import logging

import ddtrace.appsec.track_user_sdk as t
import ddtrace.appsec.trace_utils as u
from ddtrace.contrib.trace_utils import set_user
from ddtrace.trace import TraceFilter, tracer

logging.getLogger("ddtrace").setLevel(logging.CRITICAL)
sent = []


class Keep(TraceFilter):
    def process_trace(self, trace):
        sent.extend(trace)
        return None


def facts(span):
    tags = span._get_attributes()
    return sorted((k, v) for k, v in tags.items() if k not in ("runtime-id", "process_id"))


def show(name, call):
    tracer.configure(trace_processors=[Keep()])
    sent.clear()
    with tracer.trace("root", span_type="web") as root, tracer.trace("child") as child:
        try:
            answer = repr(call())
        except BaseException as error:
            answer = f"{type(error).__name__}: {error}"
        meta = sorted(root.context._meta.items())
    print(f"{name} | {answer} {facts(root)} {facts(child)} {meta} {root.context.sampling_priority}")


def noroot(name, call):
    print(f"{name} outside | {call()!r}")


def main():
    show("login", lambda: t.track_login_success("l"))
    show("login id", lambda: t.track_login_success("l", "u"))
    show("login num", lambda: t.track_login_success("l", 5, {"a":1,"b":True,"c":{"d":[1,"x"]}}))
    show("login meta", lambda: t.track_login_success("l", "u", {"usr.x":"y"}))
    show("login None", lambda: t.track_login_success(None))
    show("login ''", lambda: t.track_login_success(""))
    show("login auto", lambda: t.track_login_success("l","u",_auto=True))
    show("fail", lambda: t.track_login_failure("l", True))
    show("fail no", lambda: t.track_login_failure("l", False, "u", {"a":"b"}))
    show("fail none", lambda: t.track_login_failure("l", None))
    show("signup", lambda: t.track_signup("l"))
    show("signup id", lambda: t.track_signup("l", "u", False, {"a":"b"}))
    show("user", lambda: t.track_user("l"))
    show("user id", lambda: t.track_user("l","u","s",{"a":"b"}))
    show("user_id", lambda: t.track_user_id("u"))
    show("user_id s", lambda: t.track_user_id("u","s",{"a":"b", "name":"n","email":"e"}))
    show("custom", lambda: t.track_custom_event("ev",{"a":"b","n":{"x":1}}))
    show("custom none", lambda: t.track_custom_event("ev",None))
    show("custom bad", lambda: t.track_custom_event("",{"a":1}))
    show("custom bad2", lambda: t.track_custom_event(5,{"a":1}))
    show("custom empty", lambda: t.track_custom_event("ev",{}))
    show("u login", lambda: u.track_user_login_success_event(tracer,"u"))
    show("u login all", lambda: u.track_user_login_success_event(tracer,"u",{"a":"b"},login="l",name="n",email="e",scope="s",role="r",session_id="x",propagate=True))
    show("u login auto", lambda: u.track_user_login_success_event(tracer,"u",login="l",login_events_mode="auto"))
    show("u login ident", lambda: u.track_user_login_success_event(tracer,"u",login="l",login_events_mode="identification"))
    show("u login anon", lambda: u.track_user_login_success_event(tracer,"u",login="l",login_events_mode="anonymization"))
    show("u login none", lambda: u.track_user_login_success_event(tracer,None,login="l"))
    show("u login num", lambda: u.track_user_login_success_event(tracer,7))
    show("u fail", lambda: u.track_user_login_failure_event(tracer,"u"))
    show("u fail all", lambda: u.track_user_login_failure_event(tracer,"u",True,{"a":"b"},login="l",name="n",email="e"))
    show("u fail no", lambda: u.track_user_login_failure_event(tracer,"u",False))
    show("u signup", lambda: u.track_user_signup_event(tracer,"u",True,"l"))
    show("u signup f", lambda: u.track_user_signup_event(tracer,None,False))
    show("u custom", lambda: u.track_custom_event(tracer,"ev",{"a":"b","c":1,"d":True,"e":[1]}))
    show("u custom bad", lambda: u.track_custom_event(tracer,"",{"a":"b"}))
    show("u custom none", lambda: u.track_custom_event(tracer,"ev",None))
    show("u custom list", lambda: u.track_custom_event(tracer,"ev",["a"]))
    show("should", lambda: u.should_block_user(tracer,"u"))
    show("should s", lambda: u.should_block_user(tracer,"u","s"))
    show("block", lambda: u.block_request())
    show("block if", lambda: u.block_request_if_user_blocked("u"))
    show("set_user", lambda: set_user(tracer,"u"))
    show("set_user all", lambda: set_user(tracer,"u",name="n",email="e",scope="s",role="r",session_id="x",propagate=True,may_block=False))
    show("set_user num", lambda: set_user(tracer,5))
    noroot("track", lambda: t.track_login_success("l"))
    noroot("login", lambda: u.track_user_login_success_event(tracer, "u"))
    noroot("should", lambda: u.should_block_user(tracer, "u"))
    noroot("custom", lambda: u.track_custom_event(tracer, "ev", {"a": "b"}))
    noroot("set_user", lambda: set_user(tracer, "u"))
    noroot("block", lambda: u.block_request())


main()
