export const message = "Visit";
