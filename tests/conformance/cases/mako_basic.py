"""mako: templates rendered in every way."""

import io
import os
import pathlib

from mako.lookup import TemplateLookup
from mako.runtime import Context
from mako.template import Template

folder = os.environ["SCRATCH"]
pathlib.Path(folder, "page.html").write_text("<%inherit file='base.html'/>Hello ${name}")
pathlib.Path(folder, "base.html").write_text("[${self.body()}]")
lookup = TemplateLookup(directories=[folder])
page = lookup.get_template("page.html")
print(page.render(name="one"))
print(page.render_unicode(name="two"))
plain = Template("Hello ${name}")
print(plain.render(name="three"), Template("x", output_encoding="utf-8").render())
buffer = io.StringIO()
plain.render_context(Context(buffer, name="four"))
print(buffer.getvalue())
named = Template("${1 // 0}", uri="/named/${x}.html")
try:
    named.render()
except ZeroDivisionError as error:
    print(repr(error))
print(Template("<%def name='part()'>part</%def>whole").get_def("part").render())
