"""BibTeX of the tool and of the paper whose method it is."""

from fretboard import __version__

PAPER = """@inproceedings{wang2025knowledge,
  title     = {Towards Understanding How Knowledge Evolves in Large Vision-Language Models},
  author    = {Wang, Sudong and Zhang, Yunjian and Zhu, Yao and Li, Jianing and Wang, Zizhe and
               Liu, Yanwei and Ji, Xiangyang},
  booktitle = {Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  pages     = {29858--29868},
  year      = {2025},
  eprint    = {2504.02862},
  archivePrefix = {arXiv}
}
"""


def bibtex(what: str, link: str) -> str:
    """what: the record, such as `analysis 0a1b…`; link: where it lies, or `""`."""
    note = f"Version {__version__}; {what}"
    url = f"  url     = {{{link}}},\n" if link else ""
    return (
        "@software{fretboard,\n"
        "  title   = {Fretboard: how a vision-language model's answer takes shape, "
        "layer by layer},\n"
        "  author  = {{The Fretboard contributors}},\n"
        f"  version = {{{__version__}}},\n{url}"
        f"  note    = {{{note}}}\n}}\n\n{PAPER}"
    )
