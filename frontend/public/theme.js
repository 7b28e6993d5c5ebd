// Runs before the first paint so that a chosen theme does not flash; the policy forbids inline scripts.
try {
	const theme =
		new URLSearchParams(location.search).get("theme") ?? localStorage.getItem("fretboard.theme");
	if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
	// Storage is blocked: the system's theme is used.
}
