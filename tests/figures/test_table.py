"""The numbers of a figure as a table."""

import numpy as np
import plotly.graph_objects as go

from fretboard.figures.table import table


def test_lines_are_told_apart_by_their_names():
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0.25, 0.5], name="&lt;/s&gt;")
    figure.add_scatter(x=[0, 1], y=[0.75, 0.5], name="<b>dog</b>")
    figure.update_xaxes(title="depth")
    figure.update_yaxes(title="probability<br>of a word")
    numbers = table(figure)
    assert list(numbers.columns) == ["series", "depth", "probability of a word"]
    assert numbers.values.tolist() == [
        ["</s>", 0, 0.25], ["</s>", 1, 0.5], ["dog", 0, 0.75], ["dog", 1, 0.5],
    ]  # fmt: skip


def test_a_heatmap_has_a_row_a_cell_with_its_word():
    figure = go.Figure()
    figure.add_heatmap(z=np.arange(6.0).reshape(2, 3), text=[["a", "b", "c"], ["d", "e", "f"]])
    figure.data[0].colorbar.title.text = "rank"
    figure.update_xaxes(title="token", ticktext=["the", "dog", "."], tickvals=[0, 1, 2])
    numbers = table(figure)
    assert list(numbers.columns) == ["token", "word", "y", "rank", "text"]
    assert numbers.iloc[4].tolist() == [1, "dog", 1, 4.0, "e"]


def test_a_map_is_its_points_with_their_depths():
    figure = go.Figure()
    figure.add_scatter(x=[0], y=[0], mode="lines", meta={"part": "path", "string": 0})
    figure.add_scatter(
        x=[1, 2], y=[3, 4], text=["token 0", "token 0"], meta={"part": "points"},
        customdata=[[0, 5, 0, "id"], [0, 6, 0, "id"]],
    )  # fmt: skip
    numbers = table(figure)
    assert numbers["depth"].tolist() == [5, 6]
    assert numbers["text"].tolist() == ["token 0", "token 0"]


def test_what_is_hidden_is_left_out():
    figure = go.Figure()
    figure.add_scatter(x=[0], y=[1], visible=False, name="hidden")
    figure.add_scatter(x=[0], y=[2], name="shown")
    assert table(figure)["series"].tolist() == ["shown"]
