import { describe, expect, it } from "vitest";
import { isComplete, markedAnswer, readRole, writeRole } from "../features/ask";
import { type MapChoice, madeWith, mapValues, PLAIN, parseMap, uses, withSetting } from "./map";
import { NOTHING, parseSetPlace, type SetSelection, setAddress } from "./setlink";

const FULL: SetSelection = {
	image: 11,
	depth: 9,
	token: "words:red,light blue",
	map: {
		method: "umap",
		dimensions: 3,
		colorBy: "string",
		preset: "paper",
		settings: { n_neighbors: 7, min_dist: 0.25, seed: 0, map_scaling: "standard" },
		upto: 6,
	},
};

function split(link: string): [string, string] {
	const at = link.indexOf("?");
	return at < 0 ? [link, ""] : [link.slice(0, at), link.slice(at)];
}

describe("the address of an image set", () => {
	it("brings everything back unchanged", () => {
		expect(parseSetPlace(...split(setAddress("0ab", FULL)))).toEqual({
			id: "0ab",
			selection: FULL,
		});
	});

	it("leaves out what is at its default, and can be read by people", () => {
		expect(setAddress("abc")).toBe("/t/abc");
		expect(setAddress("abc", { ...NOTHING, token: "after:is", image: 2 })).toBe(
			"/t/abc?token=after:is&image=2",
		);
	});

	it.each(["/a/abc", "/t/", "/t/a/b", "/t/../x", `/t/${"x".repeat(200)}`, "/"])(
		"is not %s",
		(path) => expect(parseSetPlace(path, "")).toBeNull(),
	);

	it.each([
		"?image=-1&depth=9e9&token=%20&dim=4&map=lda",
		`?token=${"x".repeat(101)}&perplexity=1e999&start=here&upto=512`,
		"?seed=0x1&iterations=&color=red&preset=own&%E0%A4%A=1",
	])("ignores garbage: %s", (query) => {
		expect(parseSetPlace("/t/abc", query)?.selection).toEqual(NOTHING);
	});
});

describe("how a map is asked for", () => {
	const own: MapChoice = { ...PLAIN, settings: { perplexity: 12, n_neighbors: 5, seed: 3 } };

	it("leaves out the parameters of other methods, so that equal maps are asked equally", () => {
		expect(madeWith(own)).toEqual({
			method: "tsne",
			dimensions: 2,
			preset: null,
			perplexity: 12,
			seed: 3,
		});
		expect(madeWith({ ...own, method: "umap" })).toMatchObject({ n_neighbors: 5, seed: 3 });
		expect(madeWith({ ...own, method: "pca" })).toEqual({
			method: "pca",
			dimensions: 2,
			preset: null,
		});
		expect(uses("pca", "map_scaling")).toBe(true);
	});

	it("does not depend on colour or on the depth it has grown to", () => {
		expect(madeWith({ ...own, colorBy: "word", upto: 3 })).toEqual(madeWith(own));
	});

	it("keeps a parameter in the address while another method is on show", () => {
		const values = mapValues({ ...own, method: "pca" });
		const query = new URLSearchParams(
			Object.entries(values).flatMap(([key, value]) =>
				value === null ? [] : [[key, String(value)]],
			),
		);
		expect(parseMap(query)).toEqual({ ...own, method: "pca" });
	});

	it("replaces one parameter, and gives it back", () => {
		const changed = withSetting(own, "perplexity", 30);
		expect(changed.settings).toEqual({ perplexity: 30, n_neighbors: 5, seed: 3 });
		expect(withSetting(changed, "perplexity", null).settings).toEqual({ n_neighbors: 5, seed: 3 });
		expect(own.settings.perplexity).toBe(12);
	});
});

describe("token positions", () => {
	it.each(["first-difference", "after:is", "class:colour", "words:red,blue", "6"])(
		"are read and written alike: %s",
		(written) => expect(writeRole(readRole(written))).toBe(written),
	);

	it("leave what is not understood to the server", () => {
		expect(writeRole(readRole("bogus:3"))).toBe("bogus:3");
	});

	it("wait for their word", () => {
		expect(isComplete({ kind: "after", text: " " })).toBe(false);
		expect(isComplete({ kind: "first-difference", text: "" })).toBe(true);
	});

	it("mark the chosen word, and none where it could be another", () => {
		expect(markedAnswer("The reddish dog is red.", "red")).toEqual({
			before: "The reddish dog is ",
			word: "red",
			after: ".",
		});
		expect(markedAnswer("A red ball and a red cube.", "red")).toBeNull();
		expect(markedAnswer("Price (a+b) is here", "a+b")?.before).toBe("Price (");
		expect(markedAnswer("Nothing.", null)).toBeNull();
	});
});
