import { describe, expect, it } from "vitest";
import type { Analysis, GalleryEntry } from "../../api/types";
import { toBeSeen } from "./seen";

const entry = {
	truth: {
		groups: [
			{ kind: "tree", color: "black", count: 1 },
			{ kind: "dog", color: "blue", count: 2 },
		],
	},
} as unknown as GalleryEntry;
const answer = (rival_text: string) =>
	({
		tokens: [
			{ text: " The", reversal: null },
			{ text: " brown", reversal: { rival_text, to_depth: 11 } },
		],
	}) as unknown as Analysis;

describe("what is to be seen in an example", () => {
	it("is the colour in the picture that the answer overturned", () => {
		expect(toBeSeen(entry, answer(" blue"))).toBe(
			"The dogs are blue; the model reads “blue” until depth 11, then says “brown”.",
		);
	});

	it("is nothing where another colour led", () => {
		expect(toBeSeen(entry, answer(" red"))).toBeNull();
	});
});
