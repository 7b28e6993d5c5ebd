import { describe, expect, it } from "vitest";
import { form, query } from "./client";

describe("a form", () => {
	it("leaves out what is empty, keeps zero, repeats the key of a list and names its files", () => {
		const file = new File(["x"], "a.png");
		const sent = form({
			prompt: " What? ",
			model: "",
			continuation: undefined,
			max_new_tokens: 0,
			private: false,
			into_image: true,
			images: [file, file],
			image: new Blob(["y"]),
		});
		expect(
			[...sent].map(([name, value]) => [name, value instanceof File ? value.name : value]),
		).toEqual([
			["prompt", " What? "],
			["max_new_tokens", "0"],
			["into_image", "true"],
			["images", "a.png"],
			["images", "a.png"],
			["image", "image"],
		]);
	});
});

describe("a query", () => {
	it("leaves out what is null, keeps zero and repeats the key of a list", () => {
		expect(query({ token: 0, lens: null, word: ["a b", "c"] })).toBe("?token=0&word=a+b&word=c");
		expect(query({ token: undefined })).toBe("");
	});
});
