import { expect, test } from "vitest";
import type { Selection } from "../../state/permalink";
import { isReady, type SteerForm, startOf, steeringOf } from "./form";

const tokens = [{ text: " The" }, { text: " blue" }, { text: "." }];
const selection = { token: 1, range: null } as Selection;

test("the panel starts with the selected word, the marked depths, else the middle one", () => {
	expect(startOf(selection, tokens, 13)).toMatchObject({ other: "blue", depths: [6, 6] });
	const marked = { token: 2, range: [2, 4] } as unknown as Selection;
	expect(startOf(marked, tokens, 12)).toMatchObject({ other: "", depths: [2, 4] });
	expect(startOf({ token: null, range: null } as Selection, tokens, 12).other).toBe("");
});

test("a form goes out as the API reads it", () => {
	const form: SteerForm = { ...startOf(selection, tokens, 12), word: " green ", depths: [4, 6] };
	expect(steeringOf(form, 1)).toBe(
		"green swap=blue depths=4 strength=1 direction=unembedding at=answer",
	);
	expect(steeringOf({ ...form, strength: 0.5 }, 1)).toContain("swap=blue depths=4 strength=0.5 ");
	expect(steeringOf({ ...form, strength: 3 }, 1)).toContain(" strength=1 ");
	const added: SteerForm = { ...form, deed: "add", strength: 0.5, place: "token" };
	expect(steeringOf(added, 3)).toBe(
		"green away=blue depths=4-6 strength=0.5 direction=unembedding at=answer tokens=3",
	);
	expect(steeringOf({ ...added, other: "", place: "image", direction: "latent" }, 3)).toBe(
		"green depths=4-6 strength=0.5 direction=latent at=image",
	);
});

test("a swap needs two words, adding one", () => {
	const form = { ...startOf(selection, tokens, 12), word: "green" };
	expect(isReady(form)).toBe(true);
	expect(isReady({ ...form, other: "" })).toBe(false);
	expect(isReady({ ...form, other: "", deed: "add" })).toBe(true);
	expect(isReady({ ...form, word: "two words" })).toBe(false);
	expect(isReady({ ...form, other: "green" })).toBe(false);
	const means: SteerForm = { ...form, deed: "add", direction: "means", word: "ab", other: "" };
	expect(isReady(means)).toBe(false);
	expect(isReady({ ...means, other: "cd" })).toBe(true);
});
