import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ACCENT, INK } from "./palette";

it.each([
	["ink", INK],
	["accent", ACCENT],
])("the figures' %s is the page's", (name, { light, dark }) => {
	const css = readFileSync(new URL("../app/app.css", import.meta.url), "utf8");
	expect(css).toContain(`--${name}: light-dark(${light}, ${dark});`);
});
