import { describe, expect, it } from "vitest";
import { isComplete, readRole, writeRole } from "./role";

describe("token positions", () => {
	it.each(["first-difference", "after:is", "class:colour", "words:red,blue", "6"])(
		"are read and written alike: %s",
		(written) => expect(writeRole(readRole(written))).toBe(written),
	);

	it("leave what is not understood to the server", () => {
		expect(writeRole(readRole("bogus:3"))).toBe("bogus:3");
	});

	it("wait for their word", () => {
		expect(isComplete({ kind: "after", text: " " })).toBe(false);
		expect(isComplete({ kind: "first-difference", text: "" })).toBe(true);
	});
});
