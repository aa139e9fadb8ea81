import { create } from "qrcode";

/** An SVG with a QR code, without the quiet zone, which the paper around it is. */
export function qrCode(text: string): string {
  const { modules } = create(text, { errorCorrectionLevel: "M" });
  const { size } = modules;
  const dark = Array.from({ length: size * size }, (_, index) => index)
    .filter((index) => modules.get(Math.floor(index / size), index % size))
    .map((index) => `M${index % size} ${Math.floor(index / size)}h1v1h-1z`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}"><path d="${dark.join("")}"/></svg>`;
}
