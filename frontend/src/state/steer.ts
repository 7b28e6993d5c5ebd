// Steering in the form a request sends it. Pure.
import type { Steering } from "../api/types";
import { written } from "./repair";

export function steeringText(steering: Steering | null): string {
	if (!steering) return "";
	const { towards, summary: _, ...settings } = steering;
	return written(towards, settings);
}
