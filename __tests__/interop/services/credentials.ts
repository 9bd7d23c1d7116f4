/** Who may do everything in the registries that ask. */
export const USER = 'octocat'
export const PASSWORD = 'three-otters-in-a-barrel'
/** As `Authorization: Basic` has it. */
export const CREDENTIALS = Buffer.from(`${USER}:${PASSWORD}`).toString('base64')
/** With bcrypt of that password: Docker's registry takes no other hash, and Node has none of it. */
export const HTPASSWD = `${USER}:$2b$04$lGdAJiEnriGLdQmR4ZHv/u0nB3muVb/durcT4PM6wrMWQ4FDJxNuK\n`
