import { describe, expect, it } from "vitest";
import { decimal } from "./codec";
import { AUTOMATIC, figureValues, isDefault, STAGES, stageValues, withThreshold } from "./reading";

describe("stages", () => {
	it("replaces one threshold and gives it back", () => {
		const own = withThreshold(AUTOMATIC, "interval", 0.5);
		expect(isDefault(own)).toBe(false);
		expect(stageValues(own)).toEqual({ stages: null, interval: 0.5 });
		expect(withThreshold(own, "interval", null)).toEqual(AUTOMATIC);
		expect(isDefault(AUTOMATIC)).toBe(true);
	});

	it("lets the server judge a number and drops what is none", () => {
		const values = new URLSearchParams("interval=7&mutation_sigmas=-2.5&critical_depth=two");
		expect(STAGES.read(values).thresholds).toEqual({ interval: 7, mutation_sigmas: -2.5 });
	});

	it("keeps what decides whether there are stages", () => {
		const query = "stage_drop=8&stage_gain=0.2&stage_lag=0&stage_share=0.9";
		const { thresholds } = STAGES.read(new URLSearchParams(query));
		expect(thresholds).toEqual({
			stage_drop: 8,
			stage_gain: 0.2,
			stage_lag: 0,
			stage_share: 0.9,
		});
		expect(stageValues({ ...AUTOMATIC, thresholds })).toEqual({ stages: null, ...thresholds });
	});

	it.each([0.02, 1e-7, -3, 0, 123456.5])("writes %d so that it can be read", (value) => {
		expect(decimal(String(value))).toBe(value);
	});

	it.each(["", " 1", "1e99", "NaN", "12345678", "1.", ".5", "0x10"])("refuses %s", (text) => {
		expect(decimal(text)).toBeNull();
	});
});

describe("a figure's query", () => {
	const asked = { lens: "raw", theme: "dark", stages: AUTOMATIC } as const;

	it("names the neighbour whose axes are shared", () => {
		const beside = { id: "b", lens: "normed" } as const;
		expect(figureValues({ ...asked, beside })).toMatchObject({
			beside: "b",
			beside_lens: "normed",
		});
		expect(figureValues({ ...asked, beside: null })).not.toHaveProperty("beside");
	});
});
