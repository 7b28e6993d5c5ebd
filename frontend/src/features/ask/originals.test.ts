import { describe, expect, it } from "vitest";
import type { Analysis } from "../../api/types";
import { Originals } from "./originals";

const asked = (id: string, sha256: string | null) =>
	({ id, request: { image: sha256 === null ? null : { sha256 } } }) as Analysis;

describe("the file of an image", () => {
	const jpeg = async () => new Blob(["jpeg"]);

	it("is sent again, also with another question about it", () => {
		const originals = new Originals();
		expect(originals.of(asked("a", "1"))).toBeNull();
		originals.keep("a", jpeg);
		expect(originals.of(asked("b", "1"))).toBeNull(); // "a" has not been read: nobody knows its hash
		expect(originals.of(asked("a", "1"))).toBe(jpeg);
		expect(originals.of(asked("b", "1"))).toBe(jpeg);
		expect(originals.of(asked("c", "2"))).toBeNull();
		expect(originals.of(asked("a", null))).toBeNull();
	});
});
