/** `/status/icon.svg`: a door that is half open; without one of our own, browsers ask for `/favicon.ico`. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<rect width="16" height="16" rx="3" fill="#0969da"/>
<path d="M4 13V3h8v10M4 13l5-1V4L4 3" fill="none" stroke="#fff" stroke-width="1.5" stroke-linejoin="round"/>
</svg>
`
