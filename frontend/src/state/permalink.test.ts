import { describe, expect, it } from "vitest";
import {
	address,
	type Beside,
	decode,
	EMPTY,
	encode,
	MAX_WORDS,
	parsePlace,
	type Selection,
} from "./permalink";

const FULL: Selection = {
	token: 3,
	depth: 9,
	range: [6, 9],
	quantity: "entropy",
	words: ["red", "a,b", "back\\slash", "日本", "x&y=z"],
	lens: "difference",
	divergence: "paper-code",
	scaling: "depth",
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
		upto: 6,
	},
	test: "01c3b81518e31f32",
	testOf: "token",
	patchWord: "red",
	patch: 17,
	profile: "entropy",
};
const BESIDE: Beside = { id: "0ther", token: 5, lens: "raw" };

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
	])("ignores garbage: %s", (query) => {
		expect(decode(query)).toEqual(EMPTY);
	});

	it("caps the words in number and length", () => {
		const many = Array.from({ length: 50 }, (_, index) => `w${index}`).join(",");
		expect(decode(`?words=${many}`).words).toHaveLength(MAX_WORDS);
		expect(decode(`?words=${"x".repeat(41)}`).words).toEqual([]);
		expect(decode("?words=red,red, red").words).toEqual(["red"]);
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
		const beside: Beside = { id: "abc", token: null, lens: "raw" };
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
