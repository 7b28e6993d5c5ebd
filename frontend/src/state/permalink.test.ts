import { describe, expect, it } from "vitest";
import type { MapChoice } from "./map";
import {
	address,
	type Beside,
	EMPTY,
	MAX_WORDS,
	NOTHING,
	parsePlace,
	parseSetPlace,
	type Selection,
	type SetSelection,
	setAddress,
} from "./permalink";

const decode = (query: string) => parsePlace("/a/abc", query).selection;
const encode = (selection: Selection) => address("abc", selection).slice("/a/abc".length);

const FULL: Selection = {
	token: 3,
	depth: 9,
	range: [6, 9],
	quantity: "entropy",
	filter: "content",
	zoom: -3,
	shade: true,
	words: ["red", "a,b", "back\\slash", "日本", "x&y=z"],
	lens: "difference",
	divergence: "paper-code",
	scaling: "depth",
	sublayers: true,
	half: true,
	stages: {
		method: "paper",
		thresholds: { critical_depth: 7, mutation_min_jsd: 0.0000005, interval: -1 },
	},
	map: {
		method: "umap",
		dimensions: 3,
		colorBy: "word",
		preset: "paper",
		settings: { n_neighbors: 7, map_scaling: "standard", seed: 0 },
		labels: true,
		upto: 6,
	},
	test: "01c3b81518e31f32",
	testOf: "token",
	patchWord: "red",
	patchLens: "latent",
	patch: 17,
	profile: "entropy",
};
const BESIDE: Beside = { id: "0ther", token: 5, depth: null, lens: "raw" };

describe("permalink", () => {
	it("brings a full selection back unchanged", () => {
		expect(decode(encode(FULL))).toEqual(FULL);
	});

	it("leaves out what is at its default", () => {
		expect(encode(EMPTY)).toBe("");
		expect(decode("")).toEqual(EMPTY);
	});

	it("writes addresses that people can read", () => {
		const selection = { ...EMPTY, token: 3, depth: 9, words: ["red", "blue"] };
		expect(address("abc", selection)).toBe("/a/abc?token=3&depth=9&words=red,blue");
	});

	it("reads words whose comma was escaped by another program", () => {
		expect(decode("?words=red%2Cblue").words).toEqual(["red", "blue"]);
	});

	it.each([
		"?token=-1&depth=9e9&q=nonsense&lens=%00&map=lda&range=4",
		"?token=1.5&depth=99999&range=a-b&words=,,,",
		"?token=&depth=NaN&range=1-2-3&words=%20",
		"?divergence=kl&scale=both&stages=manual&profile=rank",
		"?critical_depth=&mutation_sigmas=Infinity&interval=1e9&reversal_share=0x1&mutation_min_jsd=1,5",
		"?resamples=1000000000&seed=1e99",
		"?dim=4&color=red&preset=own&start=here&perplexity=&upto=9999&epochs=0x9",
		"?%E0%A4%A=1&token=0x10",
		"?zoom=21",
		"?zoom=1.5",
		"?zoom=wide",
	])("ignores garbage: %s", (query) => {
		expect(decode(query)).toEqual(EMPTY);
	});

	it("caps the words in number and length", () => {
		const many = Array.from({ length: 50 }, (_, index) => `w${index}`).join(",");
		expect(decode(`?words=${many}`).words).toHaveLength(MAX_WORDS);
		expect(decode(`?words=${"x".repeat(41)}`).words).toEqual([]);
		expect(decode("?words=red,red, red").words).toEqual(["red"]);
	});

	it("writes all columns in sight as a word", () => {
		expect(encode({ ...EMPTY, zoom: "fit" })).toBe("?zoom=fit");
		expect(decode("?zoom=fit").zoom).toBe("fit");
	});

	it("puts a range in order", () => {
		expect(decode("?range=9-6").range).toEqual([6, 9]);
	});

	it("writes the reading as the API names it", () => {
		const stages = { method: "paper", thresholds: { critical_depth: 6 } } as const;
		const selection: Selection = { ...EMPTY, divergence: "symmetric-kl", scaling: "token", stages };
		expect(encode(selection)).toBe(
			"?divergence=symmetric-kl&scale=token&stages=paper&critical_depth=6",
		);
	});

	it("brings a comparison back unchanged, with what each side has of its own", () => {
		const link = address("abc", FULL, BESIDE);
		expect(link).toMatch(/^\/compare\/abc\/0ther\?/);
		const [path, query] = link.split("?");
		expect(parsePlace(path ?? "", `?${query}`)).toEqual({
			id: "abc",
			selection: FULL,
			beside: BESIDE,
		});
	});

	it("compares an analysis with itself through another lens", () => {
		const beside: Beside = { id: "abc", token: null, depth: null, lens: "raw" };
		expect(address("abc", EMPTY, beside)).toBe("/compare/abc/abc?lens2=raw");
		expect(parsePlace("/compare/abc/abc", "?lens2=raw&token2=x").beside).toEqual(beside);
	});

	it.each(["/compare/abc", "/compare/abc/../x", "/compare//abc", "/compare/a/b/c"])(
		"makes nothing of a broken comparison: %s",
		(path) => {
			expect(parsePlace(path, "")).toEqual({ id: null, selection: EMPTY, beside: null });
		},
	);

	it("knows the start page, an analysis and anything else", () => {
		expect(parsePlace("/", "").id).toBeNull();
		expect(parsePlace("/a/0123abc", "?token=1").id).toBe("0123abc");
		expect(parsePlace("/a/0123abc", "?token=1").selection.token).toBe(1);
		expect(parsePlace("/a/../../etc", "").id).toBeNull();
		expect(parsePlace(`/a/${"x".repeat(200)}`, "").id).toBeNull();
	});
});

const FULL_SET: SetSelection = {
	image: 11,
	depth: 9,
	token: "words:red,light blue",
	map: {
		method: "umap",
		dimensions: 3,
		colorBy: "string",
		preset: "paper",
		settings: { n_neighbors: 7, min_dist: 0.25, seed: 0, map_scaling: "standard" },
		labels: true,
		upto: 6,
	},
};

function split(link: string): [string, string] {
	const at = link.indexOf("?");
	return at < 0 ? [link, ""] : [link.slice(0, at), link.slice(at)];
}

describe("the address of an image set", () => {
	it("brings everything back unchanged", () => {
		expect(parseSetPlace(...split(setAddress("0ab", FULL_SET)))).toEqual({
			id: "0ab",
			selection: FULL_SET,
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

// As version 0.1 wrote them: links that people have kept.
const earlier = <S extends { map: MapChoice }>(selection: S) => ({
	...selection,
	...("filter" in selection && { filter: "all", zoom: 0, shade: false }),
	map: { ...selection.map, labels: false },
});

describe("an address of an earlier version", () => {
	it("of an analysis brings everything back", () => {
		const [path = "", query = ""] = split(
			"/a/abc?token=3&depth=9&range=6-9&q=entropy&words=red,a%5C,b,back%5C%5Cslash,%E6%97%A5%E6%9C%AC,x%26y%3Dz&lens=difference&divergence=paper-code&scale=depth&sublayers=on&half=on&stages=paper&critical_depth=7&mutation_min_jsd=5e-7&interval=-1&map=umap&dim=3&color=word&preset=paper&n_neighbors=7&map_scaling=standard&seed=0&upto=6&test=01c3b81518e31f32&test_of=token&patch_word=red&patch_lens=latent&patch=17&profile=entropy",
		);
		expect(parsePlace(path, query)).toEqual({ id: "abc", selection: earlier(FULL), beside: null });
	});

	it("of a comparison", () => {
		const [path = "", query = ""] = split(
			"/compare/abc/0ther?token=3&token2=5&depth=9&range=6-9&q=entropy&words=red,a%5C,b,back%5C%5Cslash,%E6%97%A5%E6%9C%AC,x%26y%3Dz&lens=difference&lens2=raw&divergence=paper-code&scale=depth&sublayers=on&half=on&stages=paper&critical_depth=7&mutation_min_jsd=5e-7&interval=-1&map=umap&dim=3&color=word&preset=paper&n_neighbors=7&map_scaling=standard&seed=0&upto=6&test=01c3b81518e31f32&test_of=token&patch_word=red&patch_lens=latent&patch=17&profile=entropy",
		);
		expect(parsePlace(path, query)).toEqual({
			id: "abc",
			selection: earlier(FULL),
			beside: BESIDE,
		});
	});

	it("of an image set", () => {
		const [path = "", query = ""] = split(
			"/t/0ab?token=words:red,light+blue&image=11&depth=9&map=umap&dim=3&color=string&preset=paper&n_neighbors=7&min_dist=0.25&seed=0&map_scaling=standard&upto=6",
		);
		expect(parseSetPlace(path, query)).toEqual({ id: "0ab", selection: earlier(FULL_SET) });
	});
});
