/** The name of whoever publishes under that URL: its host and the path's parts, with colons and brackets encoded. */
export function didWeb(publicUrl: string): string {
  const { host, pathname } = new URL(publicUrl);
  const parts = pathname.split("/").filter((part) => part !== "");
  return ["did:web", encodeURIComponent(host), ...parts.map((part) => part.replaceAll(":", "%3A"))].join(":");
}
