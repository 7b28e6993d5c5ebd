import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const api = process.env.FRETBOARD_API ?? "http://127.0.0.1:8000";

export default defineConfig({
	plugins: [svelte()],
	base: "/",
	build: {
		outDir: "../backend/fretboard/server/static",
		emptyOutDir: true,
		// The page's Content-Security-Policy has no data: for fonts, so nothing is inlined.
		assetsInlineLimit: 0,
		// Plotly is one lazy chunk of 1.4 MB; a warning about it on every build helps nobody.
		chunkSizeWarningLimit: 1600,
		// What every page needs is one file: it compresses better than many.
		rolldownOptions: {
			output: {
				codeSplitting: {
					groups: [
						{
							name: "base",
							tags: ["$initial"],
						},
						// Then what an analysis needs: each file more is a request more.
						{
							name: "analysis",
							test: /src\/(app\/(Single|Wide|Further|registry)|features\/(answer|competition|divergence|fretboard|skip)\/|plot\/)/,
						},
					],
				},
			},
		},
	},
	server: { proxy: { "/api": api, "/readyz": api } },
	test: { include: ["src/**/*.test.ts"], environment: "node", isolate: false },
});
