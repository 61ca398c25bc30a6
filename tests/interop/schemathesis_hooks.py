"""What schemathesis cannot read from the document: texts of formats that have a grammar.

run-filter  comparisons as `run list --filter` takes them
cursor      made by the server alone: none is made up, so a request has one only where an answer gave it
"""

import schemathesis
from hypothesis import strategies as st

_fields = st.sampled_from(["model", "state", "metrics.ndcg_at_10", "params.factors", "tags.note", "started"])
_texts = st.text(st.characters(blacklist_categories=["Cc", "Cs"], blacklist_characters='"\\'), max_size=20)
_values = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    _texts.map('"{}"'.format),
)
_plain = st.sampled_from(["metrics.ndcg_at_10 > 0.1", "metrics.mrr >= 0", 'model = "als"', "tags.note is null"])

schemathesis.openapi.format("run-filter", _plain)
schemathesis.openapi.format("cursor", st.nothing())
