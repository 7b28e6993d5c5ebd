import { describe, expect, it } from "vitest";
import { form } from "../../api/client";
import { type Fields, questionWith, setQuestionWith } from "./question";

const fields: Fields = {
	prompt: "Which colour?",
	model: "tiny",
	max_new_tokens: 9,
	lens: "raw",
	skip_layers: "2,3",
	skip_when: "decode",
	continuation: "Red.",
	repair: "deco strength=0.6",
	steering: "red depths=6 strength=1",
	private: true,
};

const sent = (body: unknown) => [...form(body).entries()].map(([name, value]) => [name, value]);

describe("a question of several images", () => {
	it("sends every field of a question of one", () => {
		const one = sent(questionWith(fields, {}));
		expect(one).toHaveLength(Object.keys(fields).length);
		const file = new File(["a"], "a.png");
		expect(sent(setQuestionWith(fields, [file, file], "after:is"))).toEqual([
			...one,
			["images", file],
			["images", file],
			["token", "after:is"],
		]);
	});

	it("leaves out what the form leaves open", () => {
		const open = { ...fields, max_new_tokens: null, repair: "", private: false };
		const names = sent(setQuestionWith(open, [], "3")).map(([name]) => name);
		expect(names).not.toContain("max_new_tokens");
		expect(names).not.toContain("repair");
		expect(names).not.toContain("private");
	});
});
