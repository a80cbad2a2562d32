"""NAS-Bench-NLP: recurrent cells as language models (Klyuchnikov et al., IEEE Access 2022).

https://arxiv.org/abs/2006.07116
"""

from nascast.benchmarks.converted import ConvertedTable

__all__ = ["NasBenchNlp"]


class NasBenchNlp(ConvertedTable):
    """The recorded trainings of 50 epochs, with losses in nats after every epoch.

    There is a table for each data set: Penn Treebank, and WikiText-2 for fewer cells. Recipes of
    the same canonical cell are one row, and their trainings its seeds; all have seed 0.

    A training that failed (its loss became NaN, or it was interrupted) is no seed. A cell of which
    no training was completed is not in the table, nor is one that the space cannot represent. The
    provenance has the reasons, by number of the recipe.

    `task` is the recorded one: language models of the data set's vocabulary, with three layers. A
    table that was converted by nascast before it knew tasks of text has a task of images; convert
    the logs again.
    """

    registered = "nasbench_nlp"
    files = ("nasbench_nlp.nascast", "nasbench_nlp-wikitext2.nascast")
