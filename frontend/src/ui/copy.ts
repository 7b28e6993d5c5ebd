// Text for the clipboard. Only secure pages may write to it (localhost counts): else it is shown to copy by hand.

/** What to say of it. */
export async function copyText(text: string, what: string): Promise<string> {
	try {
		await navigator.clipboard.writeText(text);
		return `${what} copied`;
	} catch {
		window.prompt(`Copy this ${what.toLowerCase()}:`, text);
		return "";
	}
}
