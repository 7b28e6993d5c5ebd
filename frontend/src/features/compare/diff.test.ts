import { describe, expect, it } from "vitest";
import { counted, type Part, wordDiff } from "./diff";

const side = (parts: readonly Part[], name: "before" | "after") =>
	parts
		.map((part) => part[name])
		.join("")
		.replace(/\s/g, "");

const random = (n: number) => Math.floor(Math.random() * n);
const sentence = (length: number) =>
	Array.from({ length }, () => "a red blue, dog is .".split(" ")[random(6)]).join(" ");

/** The length of a longest common subsequence, by trying all subsequences of the first. */
function longest(a: readonly string[], b: readonly string[]): number {
	let most = 0;
	for (let mask = 0; mask < 1 << a.length; mask++) {
		const chosen = a.filter((_, i) => mask & (1 << i));
		let at = 0;
		for (const word of b) if (word === chosen[at]) at++;
		if (at === chosen.length) most = Math.max(most, at);
	}
	return most;
}

describe("word diff", () => {
	it("tells kept, changed, gone and new", () => {
		const parts = wordDiff("There is a red dog on the left.", "There is a blue dog here on left.");
		expect(parts.map(({ kind, before, after }) => [kind, before, after])).toEqual([
			["kept", "There is a", "There is a"],
			["changed", "red", "blue"],
			["kept", "dog", "dog"],
			["new", "", "here"],
			["kept", "on", "on"],
			["gone", "the", ""],
			["kept", "left.", "left."],
		]);
		expect(counted(parts)).toEqual({ kept: 6, changed: 1, gone: 1, new: 1 });
	});

	it("keeps all of both texts, and as much in common as can be", () => {
		for (let round = 0; round < 150; round++) {
			const [a, b] = [sentence(random(9)), sentence(random(9))];
			const parts = wordDiff(a, b);
			expect(side(parts, "before")).toBe(a.replace(/\s/g, ""));
			expect(side(parts, "after")).toBe(b.replace(/\s/g, ""));
			const split = (text: string) => text.match(/\w+|[^\s\w]/g) ?? [];
			const kept = parts
				.filter((part) => part.kind === "kept")
				.flatMap((part) => split(part.before));
			expect(kept.length).toBe(longest(split(a), split(b)));
			for (const [i, part] of parts.entries()) {
				expect(part.kind === "kept").toBe(part.before === part.after);
				if (i > 0) expect((parts[i - 1]?.kind === "kept") !== (part.kind === "kept")).toBe(true);
			}
		}
	});

	it("has nothing to say of two empty texts, and splits scripts without spaces", () => {
		expect(wordDiff("", " ")).toEqual([]);
		expect(wordDiff("猫在左边", "狗在左边").map((part) => part.kind)).toEqual(["changed", "kept"]);
	});
});
