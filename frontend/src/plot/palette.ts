// What figures need of the page's colours, which stand in app.css; a test holds them together.
import type { Theme } from "../state/theme.svelte";

export const INK: Record<Theme, string> = { light: "#1d1b18", dark: "#ece9e2" };
export const ACCENT: Record<Theme, string> = { light: "#9a6b1f", dark: "#d9a441" };
