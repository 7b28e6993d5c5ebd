"""The tools as a client of the protocol calls them."""

import json
import os
import sys

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from fretboard.face.mcp_tools import build_server

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def call(place, name, **arguments):
    async with Client(build_server(place)) as client:
        return await client.call_tool(name, arguments)


def said(result):
    assert not result.is_error, result.content
    return json.loads(result.content[0].text)


async def test_the_tools_are_listed_with_their_arguments(model):
    async with Client(build_server(model)) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools.keys() == {"analyze", "read", "competition", "compare", "test"}
    assert tools["analyze"].input_schema["required"] == ["prompt"]
    assert all(tool.description for tool in tools.values())


async def test_an_answer_comes_with_its_stories_and_a_picture(model, analysis):
    result = await call(
        model, "analyze", image="photo.png", prompt=analysis.document.request.prompt
    )
    facts = said(result)
    assert facts["answer"] == analysis.answer
    assert facts["id"] == analysis.id
    assert [token["text"] for token in facts["tokens"]] == [token.text for token in analysis.tokens]
    picture = result.content[1]
    assert picture.mime_type == "image/png"
    assert picture.data[:8] == "iVBORw0K"  # of base64


async def test_the_competition_has_the_arrays_numbers(model, analysis):
    facts = said(await call(model, "competition", id=analysis.id, token=3, words=["red"]))
    curves = {curve["name"]: curve["by_depth"] for curve in facts["candidates"]}
    emitted = next(
        values for name, values in curves.items() if analysis.tokens[3].text.strip() in name
    )
    assert emitted == pytest.approx(analysis.probability[:, 3].tolist(), abs=1e-4)


async def test_readings_comparisons_and_tests(model, analysis):
    assert said(await call(model, "read", id=analysis.id, lens="raw"))["lens"] == "raw"
    other = model.analyze(analysis.question.skip("3-5"))
    facts = said(await call(model, "compare", id=analysis.id, other=other.id))
    assert facts["answers"] == [analysis.answer, other.answer]
    assert "finding" in said(await call(model, "test", id=analysis.id, kind="patching", token=3))


async def test_over_a_server_it_reads_but_does_not_test(server, analysis):
    assert said(await call(server, "read", id=analysis.id))["answer"] == analysis.answer
    refused = await call(server, "test", id=analysis.id, kind="patching")
    assert refused.is_error
    assert "without --url" in refused.content[0].text


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("analyze", {"prompt": "What?", "image": "nowhere.png"}, "nowhere.png"),
        ("competition", {"id": "0" * 32, "token": 0}, "no such record"),
        ("read", {"lens": "blurred"}, "lens"),
    ],
)
async def test_a_mistake_is_a_sentence(model, analysis, name, arguments, words):
    result = await call(
        model, name, **({"id": analysis.id} | arguments if name == "read" else arguments)
    )
    assert result.is_error
    assert words in result.content[0].text
    assert "Traceback" not in result.content[0].text


async def test_the_command_speaks_the_protocol(server):
    command = ["-m", "fretboard.cli.main", "mcp", "--url", server.url]
    process = stdio_client(
        StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
    )
    async with Client(process) as client:
        assert len((await client.list_tools()).tools) == 5
