"""What the paper reports of each reference curve, in our words (arXiv 2504.02862)."""

PATH = (
    "Its figure 1: the probability of single tokens, then the distributions of all tokens over "
    "the vocabulary, then the hidden states; the three levels show the same stages."
)
COMPETITION = (
    "The emitted token's probability is near zero up to the critical layer, jumps there, and then "
    "stays (stable tokens) or changes abruptly at a late mutation layer (mutation tokens), where a "
    "rival overtakes the leader. LLaVA-1.5-7B: critical about 20 of 32 by probability."
)
HEATMAP = (
    "Adjacent depths differ much up to the critical layer (18 of 32), little in the stabilisation, "
    "and some tokens differ again in the last third (pairs 19 to 31)."
)
MAP = (
    "The tokens of one image start in a tight centre and grow outward with depth; each depth lies "
    "beside the one before."
)
HALLUCINATED = (
    "Where the answer names what is not there (water instead of a camera, red for black, a dog for "
    "a sheep), the true word leads through the stabilisation and is overtaken at the mutation."
)
TEXT = "A text-only language model shows none of the three stages."
SKIPS = (
    "skip.1, the stabilisation span (about 10 layers): output nearly the same, hallucinations "
    "kept. skip.2, only the mutation layers: most meaning kept, some hallucinations corrected. "
    "skip.3, from the critical layer to the last 5: large change, more hallucination."
)
GUITAR = (
    "At one token position, twelve images of a kind lie together through the early depths (the "
    "neck) and part at the critical layer (the body); so for animals, flowers, fruit and sport."
)
