import { describe, expect, it } from "vitest";
import { baseOf, DIFFERENCES, LENSES, pairOf, STAGES } from "./reading";

describe("lenses", () => {
	it("knows what is taken off what", () => {
		expect(pairOf("difference")).toEqual(["raw", "normed"]);
		expect(pairOf("tuned-jacobian")).toEqual(["tuned", "jacobian"]);
		expect(pairOf("tuned")).toBeNull();
		expect(LENSES.map(baseOf).every((lens) => pairOf(lens) === null)).toBe(true);
		expect(DIFFERENCES).toHaveLength(6);
	});
});

describe("stages", () => {
	it("keeps what decides whether there are any", () => {
		const query = "stage_drop=8&stage_gain=0.2&stage_lag=0&stage_share=0.9";
		const { thresholds } = STAGES.read(new URLSearchParams(query));
		expect(thresholds).toEqual({
			stage_drop: 8,
			stage_gain: 0.2,
			stage_lag: 0,
			stage_share: 0.9,
		});
	});
});
