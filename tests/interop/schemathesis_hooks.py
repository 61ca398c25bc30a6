"""Formats of the document that have a grammar no pattern can say.

run-filter  what `run list --filter` takes
cursor      what an answer gave as next_cursor: none is made up
"""

import schemathesis
from hypothesis import strategies as st

_fields = st.sampled_from(["metrics.ndcg_at_10", "params.factors", "seed", "seconds"])
_numbers = st.integers(-(10**6), 10**6).map(str) | st.sampled_from(["0.1", "1e-3"])
_texts = st.text(st.characters(categories=["L", "N"], include_characters=" %_"), max_size=20)
_comparisons = st.one_of(
    st.tuples(_fields, st.sampled_from(["=", "!=", "<", ">="]), _numbers).map(" ".join),
    st.tuples(st.sampled_from(["model", "name", "tags.note"]), _texts).map(
        lambda pair: f'{pair[0]} like "{pair[1]}"'
    ),
    st.just("tags.note is null"),
)
_joined = st.lists(_comparisons, min_size=1, max_size=4).map(" and ".join)

schemathesis.openapi.format("run-filter", _joined | _joined.map("not ({})".format))
schemathesis.openapi.format("cursor", st.nothing())
