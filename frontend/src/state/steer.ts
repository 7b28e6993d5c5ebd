// Steering in the form a request sends it, and in words. Pure.
import type { Steering } from "../api/types";
import { depthText } from "../text/layers";
import { written } from "./repair";

export function steeringText(steering: Steering | null): string {
	if (!steering) return "";
	const { towards, ...settings } = steering;
	return written(towards, settings);
}

/** "steered from blue to green at depth 6, strength 1"; a swap is whole unless it says otherwise. */
export function steeringSummary({ towards, away, swap, depths, strength }: Steering): string {
	const [to, from, other] = [towards, away, swap].map(concept);
	const deed = swap
		? `swapped ${to} and ${other}`
		: away
			? `steered from ${from} to ${to}`
			: `steered towards ${to}`;
	const where = `${deed} at ${depthText(depths)}`;
	return swap && strength === 1 ? where : `${where}, strength ${strength}`;
}

/** A word, or the beginning of an analysis's id. */
const concept = (name: string) => (/^[0-9a-f]{32}$/.test(name) ? name.slice(0, 8) : name);
