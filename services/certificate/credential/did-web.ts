/** The name of whoever publishes under that URL: its host, a port with its colon encoded, and the path's parts. */
export function didWeb(publicUrl: string): string {
  const { host, pathname } = new URL(publicUrl);
  const parts = pathname.split("/").filter((part) => part !== "");
  return ["did:web", host.replace(":", "%3A"), ...parts].join(":");
}
