import { describe, expect, it } from "vitest";

import type { Analysis } from "../api/types";
import { pictureText } from "./asked";

function of(image: unknown): string {
	return pictureText({ image } as Analysis["request"]);
}

describe("what is said of the picture beside the answer", () => {
	it("says that there was none", () => {
		expect(of(null)).toBe("no image");
	});

	it("says what was not read as it stands in the file, else nothing", () => {
		const note = "The file has 3 frames or pages; only the first is read.";
		expect(of({ sha256: "", width: 1, height: 1, media_type: "image/gif", note })).toBe(note);
		expect(of({ sha256: "", width: 1, height: 1, media_type: "image/png" })).toBe("");
	});
});
