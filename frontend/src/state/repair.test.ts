import { expect, test } from "vitest";
import type { Repair } from "../api/types";
import { repairText, settingsText } from "./repair";

const none = {
	kind: "none",
	strength: null,
	plausibility: null,
	top_p: null,
	top_k: null,
	depths: [],
	critical_depth: null,
	layers: [],
	factor: null,
} as Repair;

test("a repair goes out as its kind and the settings it has", () => {
	expect(repairText(null)).toBe("");
	expect(repairText(none)).toBe("");
	const deco = { ...none, kind: "deco", strength: 0, top_p: 0.9, depths: [8, 9] } as Repair;
	expect(repairText(deco)).toBe("deco strength=0 top_p=0.9 depths=8,9");
	expect(settingsText(deco)).toBe("strength 0, top p 0.9, depths 8,9");
});
