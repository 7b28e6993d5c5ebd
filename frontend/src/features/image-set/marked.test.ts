import { expect, it } from "vitest";
import { markedAnswer } from "./marked";

it("marks the chosen word, and none where it could be another", () => {
	expect(markedAnswer("The reddish dog is red.", "red")).toEqual({
		before: "The reddish dog is ",
		word: "red",
		after: ".",
	});
	expect(markedAnswer("A red ball and a red cube.", "red")).toBeNull();
	expect(markedAnswer("Price (a+b) is here", "a+b")?.before).toBe("Price (");
	expect(markedAnswer("Nothing.", null)).toBeNull();
});
