import { describe, expect, it } from "vitest";
import { parsePlace } from "../state/permalink";
import { WIDE } from "./registry";

describe("a link", () => {
	it.each([
		["?token=3&depth=5&q=rank&words=red", []],
		["?patch_word=dog&patch=9", ["patches"]],
		["?patch=0", ["patches"]],
		["?map=pca&color=word", ["trajectory"]],
		["?upto=6", ["trajectory"]],
		["?test=01c3b81518e31f32&test_of=token", ["causal"]],
	])("%s opens at what it names", (query, names) => {
		const { selection } = parsePlace("/a/abc", query);
		expect(WIDE.filter((view) => view.linked?.(selection)).map(({ name }) => name)).toEqual(names);
	});
});
