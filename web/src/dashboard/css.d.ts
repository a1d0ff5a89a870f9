// Style sheets are imported for their effect: the build writes them beside the
// script that imports them.
declare module "*.css";
