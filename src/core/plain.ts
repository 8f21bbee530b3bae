/** Returns a text without what would move a terminal's cursor: users choose some of these texts. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
}
