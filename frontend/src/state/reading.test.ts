import { describe, expect, it } from "vitest";
import { baseOf, DIFFERENCES, LENSES, pairOf } from "./reading";

describe("lenses", () => {
	it("knows what is taken off what", () => {
		expect(pairOf("difference")).toEqual(["raw", "normed"]);
		expect(pairOf("tuned-jacobian")).toEqual(["tuned", "jacobian"]);
		expect(pairOf("tuned")).toBeNull();
		expect(LENSES.map(baseOf).every((lens) => pairOf(lens) === null)).toBe(true);
		expect(DIFFERENCES).toHaveLength(6);
	});
});
