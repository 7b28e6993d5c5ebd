import { describe, expect, it } from "vitest";
import { inLine } from "./wait";

describe("inLine", () => {
	it("says the place, and the time where it is known", () => {
		expect(inLine(1, null)).toBe("Next in line");
		expect(inLine(3, null)).toBe("Number 3 in line");
		expect(inLine(2, 3)).toBe("Number 2 in line, about a few seconds");
		expect(inLine(2, 41)).toBe("Number 2 in line, about 45 seconds");
		expect(inLine(9, 600)).toBe("Number 9 in line, about 10 minutes");
		expect(inLine(9, 3600)).toBe("Number 9 in line, about an hour");
		expect(inLine(9, 3601)).toBe("Number 9 in line, about 2 hours");
	});
});
