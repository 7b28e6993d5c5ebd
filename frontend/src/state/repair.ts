// A repair, or steering, in the form a request sends it: its kind or word, then NAME=VALUE.
import type { Repair, Steering } from "../api/types";

export function repairText(repair: Repair | null): string {
	if (!repair || repair.kind === "none") return "";
	const { kind, ...settings } = repair;
	return written(kind, settings);
}

/** "deco strength=0.6 depths=8,9": settings that are not given are left out. */
export function written(head: string, settings: object): string {
	const given = Object.entries(settings).filter(([, value]) =>
		Array.isArray(value) ? value.length > 0 : value !== null && value !== "",
	);
	return [head, ...given.map(([name, value]) => `${name}=${String(value)}`)].join(" ");
}

/** The settings alone, to be read: "strength 0.6, depths 8,9,10". */
export function settingsText(repair: Repair): string {
	return repairText(repair)
		.split(" ")
		.slice(1)
		.join(", ")
		.replaceAll("=", " ")
		.replaceAll("_", " ");
}

export function steeringText(steering: Steering | null): string {
	if (!steering) return "";
	const { towards, summary: _, ...settings } = steering;
	return written(towards, settings);
}
