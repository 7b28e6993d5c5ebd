"""How a token came about, in one sentence: the only place where such a sentence is made.

It speaks of the lens that the stages were read with. A token leads where none is likelier.
"""

from fretboard.core.analysis import Token, TokenReversal
from fretboard.figures.theme import quoted

EVIDENCE = "A late reversal is evidence for a hallucination, not proof."


def story(token: Token, leader: str) -> str:
    """The sentence of a staged token; `leader` is the text of the likeliest token at depth L."""
    if token.emergence is None:
        return f"{quoted(token.text)} does not lead at the last depth; {quoted(leader)} does."
    lead = token.flag.lead if token.flag and token.flag.flagged else token.reversal
    if lead is not None:
        return f"{lead_sentence(token.text, lead)} {EVIDENCE}"
    start = "depth 0 on" if token.emergence == 0 else f"depth {token.emergence} to the end"
    return f"{quoted(token.text)} leads from {start}{_later(token)}."


def lead_sentence(text: str, lead: TokenReversal) -> str:
    """Who led where, and where the emitted token took over."""
    first, last = lead.from_depth, lead.to_depth
    span = f"at depth {first}" if first == last else f"from depth {first} to {last}"
    return (
        f"{quoted(lead.rival_text)} led {span}; {quoted(text)} took over at {lead.overturned_at}."
    )


def _later(token: Token) -> str:
    if token.mutation_depth is not None:
        return f"; its distribution shifts once more at depth {token.mutation_depth}"
    return ", without a late shift" if token.token_class == "stable" else ""
