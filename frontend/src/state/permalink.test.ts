import { describe, expect, it } from "vitest";
import { address, decode, EMPTY, encode, MAX_WORDS, parsePlace, type Selection } from "./permalink";

const FULL: Selection = {
	token: 3,
	depth: 9,
	range: [6, 9],
	quantity: "entropy",
	words: ["red", "a,b", "back\\slash", "日本", "x&y=z"],
	lens: "raw",
	method: "pca",
};

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
		"?token=-1&depth=9e9&q=nonsense&lens=%00&map=umap&range=4",
		"?token=1.5&depth=99999&range=a-b&words=,,,",
		"?token=&depth=NaN&range=1-2-3&words=%20",
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

	it("knows the start page, an analysis and anything else", () => {
		expect(parsePlace("/", "").id).toBeNull();
		expect(parsePlace("/a/0123abc", "?token=1").id).toBe("0123abc");
		expect(parsePlace("/a/0123abc", "?token=1").selection.token).toBe(1);
		expect(parsePlace("/a/../../etc", "").id).toBeNull();
		expect(parsePlace(`/a/${"x".repeat(200)}`, "").id).toBeNull();
	});
});
