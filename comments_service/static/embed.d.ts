/* The types of what embed.js and embed/lists.js add to a page; docs/embedding.md says what each is for. */

/** A comment as the API gives it to its author; docs/api.md names every field. */
export interface OwnComment {
  id: string;
  floor: number | null;
  parent_id: string | null;
  page: number | null;
  status: "approved" | "pending";
  permalink: string;
  /** Why it waits, in the reader's language. */
  reasons: string[];
  /** Until when its author may edit or delete it, RFC 3339. */
  editable_until: string | null;
  [field: string]: unknown;
}

/** What is about to be sent; a listener may change it. */
export interface Submission {
  name: string;
  email: string;
  website: string;
  body: string;
  thread: string;
  parent_id: string | null;
  url: string;
  title: string;
  /** "1" where the box for mail about replies is ticked. */
  notify?: string;
  /** The token of the attribute `identity`; then name, e-mail address and website are empty. */
  identity?: string;
}

export interface CommentThread extends HTMLElement {
  /** Loads anew what is shown; false where that fails. */
  reload(): Promise<boolean>;
  /** Opens the form with a quotation of a comment that is shown, or of what is selected of it. */
  quote(id: string | number): Promise<void>;
  /** Puts the focus into the text of the form. */
  focusForm(): Promise<void>;
  /** Says whether the page is light or dark; "" follows its color-scheme. */
  setTheme(theme: "light" | "dark" | ""): void;
}

export interface CommentEvents {
  "comments:ready": CustomEvent<Record<string, never>>;
  "comments:loaded": CustomEvent<{ page: number; pages: number }>;
  /** Cancelable. */
  "comments:before-submit": CustomEvent<{ values: Submission }>;
  "comments:submitted": CustomEvent<{ comment: OwnComment }>;
  "comments:pending": CustomEvent<{ comment: OwnComment }>;
  "comments:error": CustomEvent<{
    during: "load" | "post" | "quote";
    /** Of the HTTP answer; 0 where there was none. */
    status: number;
    code?: string;
  }>;
  /** Cancelable: then the page typesets the elements itself. */
  "comments:math": CustomEvent<{ elements: HTMLElement[] }>;
}

/** Makes elements of what has data-comments-site, and sees to it that comment-count and comment-recent work; done once by itself when the script starts. */
export function upgrade(root?: ParentNode): void;

declare global {
  interface HTMLElementTagNameMap {
    "comment-thread": CommentThread;
    "comment-count": HTMLElement;
    "comment-recent": HTMLElement;
  }
  interface HTMLElementEventMap extends CommentEvents {}
  interface WindowEventMap extends CommentEvents {}
}
